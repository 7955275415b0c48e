"""What is counted here beside requests."""

from servicekit.metrics import counter, histogram

sign_ins_refused = counter("parley_sign_ins_refused", "Sign-ins refused, by reason.", "reason")
bans = counter("parley_bans", "People who were banned.")
revocation_seconds = histogram(
    "parley_revocation_seconds",
    "From the end of sessions in the store until Redis has told the others.",
    (0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0),
)
