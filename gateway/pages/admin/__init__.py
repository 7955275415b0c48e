"""The pages of who runs the instance: owners, and moderators as far as they may."""
