"""What is wrong now, and the scheduled jobs: the state of each, and their runs; read-only."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.lib.clock import utc_now
from portal.monitoring import RUNS_PAGE, list_job_run_ledger, list_job_states, list_open_alerts
from portal.runtime import current_portal
from portal.web.admin.audit.section import audit_nav
from portal.web.admin.jobs.blueprint import blueprint
from portal.web.admin.jobs.filters import OUTCOMES, read_jobs_view
from portal.web.admin.jobs.presenters import alert_rows, job_rows, run_rows
from portal.web.core.access import for_role
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _


@blueprint.get("/jobs", endpoint="list")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show open alerts, each job with its last success, and a page of runs filtered by job, outcome and day."""
    view = read_jobs_view(request.args, current_portal().settings)
    page = list_job_run_ledger(view.filter).page(request.args.get("cursor"), RUNS_PAGE)
    jobs = job_rows(list_job_states(), utc_now())
    return render_template(
        "admin/jobs/list.html",
        jobs=jobs,
        alerts=alert_rows(list_open_alerts()),
        rows=run_rows(page.rows),
        view=view,
        job_options=[("", _("All")), *((job.name, job.what) for job in jobs)],
        outcomes=[("", _("All")), *((outcome, status_words("run", outcome)) for outcome in OUTCOMES)],
        form_errors=list(view.errors.items()),
        next_cursor=page.next_cursor,
        section_nav=audit_nav(),
    )
