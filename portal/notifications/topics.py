"""What people may choose to be told by e-mail, and which kinds of notification belong to each choice."""

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
    """Return the topic of a kind; None for kinds that are told inside the portal only."""
    return _TOPIC_OF.get(kind)


def is_security(kind: str) -> bool:
    """Tell whether a kind warns about the account itself."""
    return kind.startswith(_SECURITY)
