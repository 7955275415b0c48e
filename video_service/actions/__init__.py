"""What video does: streams that are published and watched, and the ledger of who was live."""
