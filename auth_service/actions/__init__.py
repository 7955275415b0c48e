"""What people do with accounts and sessions: each verb one transaction, announced after its commit."""
