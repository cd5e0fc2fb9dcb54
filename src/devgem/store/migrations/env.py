"""Alembic runs this file; the connection comes from devgem.store.migrate."""

from alembic import context

from devgem.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
