"""What is measured here beside requests."""

from servicekit.metrics import gauge

reports_waiting = gauge("parley_reports_waiting", "Reports that no moderator has handled yet.")
