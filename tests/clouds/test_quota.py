import asyncio
from pathlib import Path

from devgem.clouds.local.quota import DiskQuota


async def test_a_folder_that_holds_too_much_is_told(tmp_path: Path) -> None:
    quota = DiskQuota(bytes=4 << 20, reserve_bytes=0)
    watching = asyncio.create_task(quota.exceeded([tmp_path]))
    await asyncio.sleep(0)
    (tmp_path / "file").write_bytes(b"x" * (6 << 20))
    async with asyncio.timeout(20):
        full = await watching
    assert full.own and 6 << 20 <= full.used_bytes < 8 << 20


async def test_many_empty_files_are_told_too(tmp_path: Path) -> None:
    quota = DiskQuota(bytes=1 << 30, files=500, reserve_bytes=0)
    watching = asyncio.create_task(quota.exceeded([tmp_path]))
    await asyncio.sleep(0)
    for n in range(800):
        (tmp_path / str(n)).touch()
    async with asyncio.timeout(20):
        assert (await watching).own


async def test_a_disk_without_room_is_told_apart(tmp_path: Path) -> None:
    quota = DiskQuota(bytes=1 << 30, reserve_bytes=1 << 60)
    full = await quota.exceeded([tmp_path])
    assert not full.own and full.free_bytes > 0
