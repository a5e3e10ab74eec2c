"""EVM code of tokens that misbehave, to be put at a token's address with `anvil_setCode`."""

from __future__ import annotations

from portal.chain.contract.abi import event_topic

_RETURN_WORD = "60005260206000f3"


def fake_token_code(
    *,
    refuses: str | None = None,
    only_when_sent: bool = False,
    counts: bool = True,
    logs: bool = True,
    burns_gas_for: str | None = None,
) -> str:
    """Return the code of a token with 18 decimals whose `mint` returns true.

    It counts its supply and logs transfers by default, and reverts if the first argument is `refuses`;
    with `only_when_sent` it reverts only in transactions, where the gas price is not zero, so simulations pass.
    Minting to `burns_gas_for`, or to anyone if that is empty, burns almost a million gas.
    """
    is_burned = f"73{burns_gas_for[2:]}60043514" if burns_gas_for else "6001"
    # Memory that far away is expensive.
    burn = "" if burns_gas_for is None else f"6000{is_burned}620a00000252"
    is_refused = f"73{refuses[2:]}60043514" + ("3a151516" if only_when_sent else "") if refuses else "6000"
    log_transfer = (
        f"6024356000526004356000{_push(event_topic('Transfer(address,address,uint256)'))}60206000a3"
    )
    blocks = {
        "start": f"{is_refused}60{{refuse}}57"
        "60003560e01c80"
        "6318160ddd1460{supply}57"
        "8063313ce5671460{decimals}57"
        "6340c10f191460{mint}57",
        "other": f"6001{_RETURN_WORD}",
        "supply": f"5b600254{_RETURN_WORD}",
        "decimals": f"5b6012{_RETURN_WORD}",
        "mint": f"5b{burn}{'60243560025401600255' if counts else ''}{log_transfer if logs else ''}6001{_RETURN_WORD}",
        "refuse": "5b600080fd",
    }
    positions, length = {}, 0
    for name, code in blocks.items():
        positions[name] = f"{length:02x}"
        length += len(code.format(refuse="00", supply="00", decimals="00", mint="00")) // 2
    return "0x" + "".join(blocks.values()).format(**positions)


def _push(word: str) -> str:
    return f"7f{word[2:]}"
