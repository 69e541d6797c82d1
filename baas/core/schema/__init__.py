"""How a database comes to be: its roles, its revisions, and the files of functions, views and triggers.

Apart from `db`, which is about sessions: whoever starts servers or prepares a database needs no ORM. Owns the tables
that note what was done (`alembic_version`, `sql_files`); emits nothing, hears nothing.
"""
