"""Topics that users can choose e-mail about, and the kinds of notification of each topic."""

from __future__ import annotations

TOPICS = ("reward_sent", "reward_decided", "reward_refunded")
_TOPIC_OF = {
    "referral_reward_minted": "reward_sent",
    "referral_reward_approved": "reward_decided",
    "referral_reward_rejected": "reward_decided",
    "referral_reward_reduced": "reward_refunded",
    "referral_reward_debited": "reward_refunded",
}
_SECURITY = "security_"


def topic_of(kind: str) -> str | None:
    """Return the topic of a kind of notification, None for kinds that are never sent by e-mail."""
    return _TOPIC_OF.get(kind)


def is_security(kind: str) -> bool:
    """Return whether a kind of notification concerns the security of the account."""
    return kind.startswith(_SECURITY)
