"""What can prevent a change of the programme."""

from __future__ import annotations

from portal.lib.errors import PortalError


class VersionUnknown(PortalError):
    """There is no such version of the programme."""

    code = "programme_version_unknown"


class VersionStarted(PortalError):
    """The version is in force or over, so it can only be followed by another one."""

    code = "programme_version_started"


class StartsInPast(PortalError):
    """Rules start now or later: what was paid before keeps the rules of its time."""

    code = "programme_starts_in_past"


class EndsTooEarly(PortalError):
    """The end is not after the start."""

    code = "programme_ends_too_early"


class VersionsOverlap(PortalError):
    """Another version is planned for the time; param starts_at is its start."""

    code = "programme_versions_overlap"


class WholeNumberInvalid(PortalError):
    """The text is not a whole number from `at_least` to `at_most`."""

    code = "whole_number_invalid"


class BudgetInvalid(PortalError):
    """The text is not an amount in USD with at most two decimals."""

    code = "budget_invalid"


class LevelsNotRising(PortalError):
    """A level has not more referrals and more percent points than the one before."""

    code = "levels_not_rising"


class ConditionMissing(PortalError):
    """Approval without an admin needs at least one condition."""

    code = "approval_condition_missing"


class CampaignUnknown(PortalError):
    """There is no such campaign."""

    code = "campaign_unknown"


class CampaignEnded(PortalError):
    """The campaign is over."""

    code = "campaign_ended"


class CampaignExists(PortalError):
    """There is a campaign with this name, percent, end, codes, stores and budget."""

    code = "campaign_exists"


class CampaignNameInvalid(PortalError):
    """A campaign has a name of 1 to `at_most` characters."""

    code = "name_invalid"


class BonusUnknown(PortalError):
    """There is no such bonus of a referrer."""

    code = "referrer_bonus_unknown"


class BonusesOverlap(PortalError):
    """The referrer has another bonus in that time."""

    code = "referrer_bonuses_overlap"


class OwnBonus(PortalError):
    """An admin does not set a bonus of their own."""

    code = "own_bonus"


class EndMissing(PortalError):
    """A campaign has an end."""

    code = "campaign_end_missing"


class TermsTooLong(PortalError):
    """A text of the terms has more than `at_most` characters."""

    code = "terms_too_long"


class TermsUnchanged(PortalError):
    """The texts are those in force; another version would ask every referrer again."""

    code = "terms_unchanged"


class TermsSavedMeanwhile(PortalError):
    """Another admin saved a version after the form was opened."""

    code = "terms_saved_meanwhile"


class TermsUnknown(PortalError):
    """There is no such version of the terms."""

    code = "terms_unknown"


class TermsChanged(PortalError):
    """The terms that were read are not those in force."""

    code = "terms_changed"


class TermsNotAccepted(PortalError):
    """A share code needs the acceptance of the terms in force."""

    code = "terms_not_accepted"


class ApplicationUnknown(PortalError):
    """There is no such application."""

    code = "application_unknown"


class ApplicationDecided(PortalError):
    """Another decision was made first; `status` is the result."""

    code = "application_decided"


class ApplicationNoteTooLong(PortalError):
    """The text of an application has at most `at_most` characters."""

    code = "application_note_too_long"


class RejectionReasonMissing(PortalError):
    """A rejection needs a reason of at most `at_most` characters, which the person reads."""

    code = "application_reason_missing"


class OwnApplication(PortalError):
    """Nobody decides on their own application."""

    code = "own_application"
