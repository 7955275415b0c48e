"""The store: every query of chat, in the SQL that SQLite and PostgreSQL share.

`Log` appends, inside the group writer's transaction; the other classes are what the rest of chat asks of the file.
"""
