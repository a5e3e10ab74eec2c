"""Notifications: the page behind the bell, and which events come by e-mail as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadSignature

from portal.db import SYSTEM, Actor
from portal.notifications import (
    PAGE_SIZE,
    TOPICS,
    TopicUnknown,
    choose_topics,
    chosen_topics,
    count_unread,
    decline_topic,
    list_notifications,
    mark_all_read,
    mark_read,
)
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.core.access import public, signed_in
from portal.web.text.account import topic_words
from portal.web.text.letters import notice_text, read_unsubscribe
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Notification


@blueprint.get("/notifications")
@signed_in()
def notifications() -> ResponseReturnValue:
    """Show a page of notifications, newest first; what was shown counts as read."""
    rows = _page()
    unread = [row.id for row in rows if row.read_at is None]
    settings = current_portal().settings
    page = render_template(
        "account/notifications.html",
        entries=[(row, notice_text(row.kind, row.params)) for row in rows],
        next_before=rows[-1].id if len(rows) == PAGE_SIZE else None,
        more_unread=count_unread(current_user.id) - len(unread),
        topics=[(topic, topic_words(topic), topic in chosen_topics(current_user.id)) for topic in TOPICS],
        sends_mail=settings.mail_configured or settings.shows_mail,
    )
    # Whoever asks for headers only, or loads pages ahead, has shown nobody anything.
    was_shown = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    if unread and was_shown:
        mark_read(current_user.id, unread)
    return page


@blueprint.post("/notifications/read")
@signed_in()
def read_all() -> ResponseReturnValue:
    """Mark every notification as read, the ones on later pages too."""
    mark_all_read(current_user.id)
    flash(_("Every notification is marked as read."), "success")
    return redirect(url_for("account.notifications"), 303)


@blueprint.post("/notifications/mail")
@signed_in()
def save_topics() -> ResponseReturnValue:
    """Keep which events come by e-mail as well."""
    choose_topics(current_user.id, request.form.getlist("topics"), Actor.user(current_user.id))
    flash(_("Your choice is saved."), "success")
    return redirect(url_for("account.notifications"), 303)


@blueprint.get("/mail/unsubscribe/<token>")
@public()
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show the button that stops the letters about a topic."""
    try:
        _user_id, topic = read_unsubscribe(token)
    except BadSignature:
        return render_template("account/unsubscribe.html", topic=None), 404
    return render_template("account/unsubscribe.html", topic=topic_words(topic), token=token, is_done=False)


@blueprint.post("/mail/unsubscribe/<token>")
@public(csrf=False)
def save_unsubscribe(token: str) -> ResponseReturnValue:
    """Stop the letters about a topic: pressed in the page, or by the mail program in one click (RFC 8058)."""
    try:
        user_id, topic = read_unsubscribe(token)
        decline_topic(user_id, topic, SYSTEM)
    except (BadSignature, TopicUnknown):
        return render_template("account/unsubscribe.html", topic=None), 404
    return render_template("account/unsubscribe.html", topic=topic_words(topic), token=token, is_done=True)


def _page() -> list[Notification]:
    before = request.args.get("before", type=int)
    return list_notifications(current_user.id, before if before and 0 < before < 2**63 else None)
