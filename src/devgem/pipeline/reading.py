"""The files of what is deployed: of a checkout here, or read from afar where the cloud makes its own."""

from devgem.clouds import Cloud
from devgem.domain.tree import Tree
from devgem.pipeline.parts import Sources
from devgem.source import FolderTree
from devgem.store import DeploymentRow


async def deployed_files(sources: Sources, cloud: Cloud, row: DeploymentRow, user: str) -> Tree:
    """With the deployment's edits; `user` is whose app it is. Raises SourceError, and Unavailable."""
    assert row.commit is not None, "the fetch step finds it"
    order = row.order
    if cloud.clones_itself:
        return await sources.tree(order.repository, row.commit, order.patch, user=user)
    return FolderTree(await sources.checkout(order.repository, row.commit, order.patch, user=user))
