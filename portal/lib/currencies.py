"""The currencies the portal accepts and the decimals of each: ISO 4217, and the portal's own dollar units.

The digits are those of ISO 4217. CLDR, which Babel formats by, has fewer for a dozen currencies such as IQD and RSD: it
states what is printed on price tags. The table `currencies` of the database has the same rows; a test compares them.
See docs/rules/payments.md.
"""

from __future__ import annotations

from types import MappingProxyType

# List one of ISO 4217, 2026-01-01, without precious metals, test codes and units that are no money.
_ISO_4217 = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
        CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
        ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV
        MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
        SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
        ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# Units of a dollar, 1:1, with a dollar's decimals.
_DOLLAR_UNITS = {"USDT": 2, "USDC": 2}

ISO_DIGITS = MappingProxyType({code: digits for digits, codes in _ISO_4217.items() for code in codes.split()})
CURRENCIES = MappingProxyType({**ISO_DIGITS, **_DOLLAR_UNITS})
# The rest of a list that people choose from follows by code.
_FIRST = ("UAH", "USD", "EUR", "USDT", "USDC")


def list_currencies() -> list[str]:
    """Return every accepted code, the most used first."""
    return [*_FIRST, *sorted(CURRENCIES.keys() - set(_FIRST))]
