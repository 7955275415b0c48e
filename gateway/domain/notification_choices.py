"""What a reader can choose of a conversation's notifications."""

from gateway.domain.languages import gettext_noop

LEVELS = {
    "all": gettext_noop("of every message"),
    "mentions": gettext_noop("when I am mentioned"),
    "none": gettext_noop("never"),
}
# By their hours.
MUTES = {
    "1": gettext_noop("for 1 hour"),
    "8": gettext_noop("for 8 hours"),
    "24": gettext_noop("for 24 hours"),
    "168": gettext_noop("for 1 week"),
}
