"""Topics that users can choose e-mail about, and the kinds of notification of each topic."""

from __future__ import annotations

REWARD_TOPICS = ("reward_sent", "reward_decided", "reward_refunded")
_OWN_TOPICS = (*REWARD_TOPICS, "joining", "export")
_VENDOR_TOPICS = (*_OWN_TOPICS, "back_order", "statement", "webhook")
TOPICS = (*_VENDOR_TOPICS, "proposal", "application", "erasure", "alert")
_TOPICS_OF_ROLE = {"admin": TOPICS, "vendor": _VENDOR_TOPICS}
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
    "application_made": "application",
    "application_approved": "joining",
    "application_rejected": "joining",
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
    return _TOPICS_OF_ROLE.get(role, _OWN_TOPICS)


def is_security(kind: str) -> bool:
    """Return whether a kind of notification concerns the security of the account."""
    return kind.startswith(_SECURITY)
