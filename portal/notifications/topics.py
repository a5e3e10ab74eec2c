"""Topics that users can choose e-mail about, and the kinds of notification of each topic."""

from __future__ import annotations

_OF_EVERYONE = ("reward_sent", "reward_decided", "reward_refunded", "export")
TOPICS = (*_OF_EVERYONE, "back_order", "statement", "webhook", "proposal", "erasure", "alert")
_TOPICS_OF_ROLE = {"admin": TOPICS, "vendor": (*_OF_EVERYONE, "back_order", "statement", "webhook")}
_TOPIC_OF = {
    "referral_reward_minted": "reward_sent",
    "referral_reward_approved": "reward_decided",
    "referral_reward_rejected": "reward_decided",
    "referral_reward_reduced": "reward_refunded",
    "referral_reward_debited": "reward_refunded",
    "order_back_ordered": "back_order",
    "webhook_disabled_failing": "webhook",
    "webhook_disabled_gone": "webhook",
    "commission_statement_opened": "statement",
    "proposal_credit": "proposal",
    "proposal_refund": "proposal",
    "proposal_payout_wallet": "proposal",
    "export_ready": "export",
    "export_failed": "export",
    "erasure_requested": "erasure",
    "alert_opened": "alert",
    "alert_over": "alert",
    "alert_digest": "alert",
}
_SECURITY = "security_"


def topic_of(kind: str) -> str | None:
    """Return the topic of a kind of notification, None for kinds that are never sent by e-mail."""
    return _TOPIC_OF.get(kind)


def topics_for(role: str) -> tuple[str, ...]:
    """Return the topics that concern people of a role."""
    return _TOPICS_OF_ROLE.get(role, _OF_EVERYONE)


def is_security(kind: str) -> bool:
    """Return whether a kind of notification concerns the security of the account."""
    return kind.startswith(_SECURITY)
