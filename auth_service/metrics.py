"""What is counted here beside requests."""

from servicekit.metrics import counter

sign_ins_refused = counter("parley_sign_ins_refused", "Sign-ins refused, by reason.", "reason")
bans = counter("parley_bans", "People who were banned.")
