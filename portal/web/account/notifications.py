"""Notifications, and the choice of events that are also sent by e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature

from portal.db import SYSTEM, Actor
from portal.notifications import (
    TopicUnknown,
    choose_topics,
    chosen_topics,
    count_unread,
    decline_topic,
    list_notifications,
    mark_all_read,
    mark_read,
    topics_for,
)
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.account import topic_words
from portal.web.text.format import When, when
from portal.web.text.letters import notice_text, read_unsubscribe
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Notification


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification as a sentence; `is_unread` is its state before this page was shown."""

    kind: str
    text: str
    created: When
    is_unread: bool
    order_reference: str | None
    payment_hash: str | None


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """A topic and whether the person gets e-mails about it."""

    topic: str
    text: str
    is_chosen: bool


@blueprint.get("/notifications")
@signed_in()
def notifications() -> ResponseReturnValue:
    """Show a page of notifications, newest first, and mark them as read."""
    user_id = current_user().id
    page = list_notifications(user_id, request.args.get("cursor"))
    rows = page.rows
    unread = [row.id for row in rows if row.read_at is None]
    settings = current_portal().settings
    answer = render_template(
        "account/notifications.html",
        notifications=[_view(row) for row in rows],
        next_cursor=page.next_cursor,
        is_further="cursor" in request.args,
        more_unread=count_unread(user_id) - len(unread),
        topics=_topics(user_id, current_user().role),
        is_email_confirmed=current_user().email_confirmed_at is not None,
        sends_mail=settings.mail_configured or settings.shows_mail,
    )
    # HEAD requests and prefetches show nothing to anyone.
    was_shown = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    if unread and was_shown:
        mark_read(user_id, unread)
    return answer


@blueprint.post("/notifications/read")
@signed_in()
def read_all() -> ResponseReturnValue:
    """Mark every notification as read, including those on other pages."""
    mark_all_read(current_user().id)
    flash(_("All notifications are marked as read."), "success")
    return redirect(url_for("account.notifications"), 303)


@blueprint.post("/notifications/mail")
@signed_in()
@limit_account("account")
def save_topics() -> ResponseReturnValue:
    """Save which events are also sent by e-mail."""
    user = current_user()
    choose_topics(user.id, request.form.getlist("topics"), Actor.user(user.id), topics_for(user.role))
    flash(_("Your e-mail settings are saved."), "success")
    return redirect(url_for("account.notifications"), 303)


@blueprint.get("/mail/unsubscribe/<token>")
@public()
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show the button that stops e-mails about a topic."""
    try:
        _user_id, topic = read_unsubscribe(token)
    except BadSignature:
        return render_template("account/unsubscribe.html", topic=None), 404
    return render_template("account/unsubscribe.html", topic=topic_words(topic), token=token, is_done=False)


@blueprint.post("/mail/unsubscribe/<token>")
@public(csrf=False)
def save_unsubscribe(token: str) -> ResponseReturnValue:
    """Stop e-mails about a topic, from the page or with the one-click header of the mail program (RFC 8058)."""
    try:
        user_id, topic = read_unsubscribe(token)
        decline_topic(user_id, topic, SYSTEM)
    except (BadSignature, TopicUnknown):
        return render_template("account/unsubscribe.html", topic=None), 404
    return render_template("account/unsubscribe.html", topic=topic_words(topic), token=token, is_done=True)


def _view(row: Notification) -> NotificationView:
    return NotificationView(
        kind=row.kind,
        text=notice_text(row.kind, row.params),
        created=when(row.created_at),
        is_unread=row.read_at is None,
        order_reference=row.params.get("orderReference"),
        payment_hash=row.params.get("paymentHash"),
    )


def _topics(user_id: int, role: str) -> list[TopicChoice]:
    chosen = chosen_topics(user_id)
    return [TopicChoice(topic, topic_words(topic), topic in chosen) for topic in topics_for(role)]
