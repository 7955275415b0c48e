"""What the contract shows as an example."""

PASSWORD = "correct horse battery"
