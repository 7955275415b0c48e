"""What people do with their pictures."""
