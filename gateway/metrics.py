"""What is counted here beside requests."""

from servicekit.metrics import counter

attempts_refused = counter("parley_attempts_refused", "Attempts refused by a rate, by what was tried.", "what")
