"""Reads .NET project files: what they make, for which .NET, out of what."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.languages.markup import Markup, Value

_DESKTOP = r"<Use(?:WPF|WindowsForms|Maui)>\s*true|net\d+\.\d+-(?:windows|android|ios|maccatalyst)"


@dataclass(frozen=True)
class Project:
    """`path` is relative to the repository's root. `target` is the framework that it is built for, with its line in
    `target_path`."""

    path: str
    sdk: Value | None
    output: Value | None
    target: str
    target_path: str
    target_line: int
    packages: Mapping[str, int]
    assembly: str
    is_asp_net: bool
    several_targets: bool = False
    desktop: bool = False

    @property
    def dir(self) -> str:
        return posixpath.dirname(self.path) or "."

    @property
    def kind(self) -> str:
        """web, blazor, worker, console, or library."""
        sdk = self.sdk.text if self.sdk else ""
        if sdk.startswith("Microsoft.NET.Sdk.BlazorWebAssembly"):
            return "blazor"
        if sdk.startswith("Microsoft.NET.Sdk.Web") or (self.is_asp_net and self._runs):
            return "web"
        if "suave" in self.packages and self._runs:
            return "web"
        if sdk.startswith("Microsoft.NET.Sdk.Worker"):
            return "worker"
        return "console" if self._runs and "aspire.hosting.apphost" not in self.packages else "library"

    @property
    def _runs(self) -> bool:
        return self.output is not None and self.output.text.lower() in ("exe", "winexe")


async def read_project(root: Files, path: str) -> Project:
    project = await Markup.read(root, path)
    sdk = next(iter(project.attributes("Project", "Sdk") + project.attributes("Sdk", "Name")), None)
    target, target_path = project.value("TargetFramework") or project.value("TargetFrameworks"), path
    if target is None or "$(" in target.text:
        target, target_path = await _inherited(root, path) or (target, path)
    targets = [t for t in (target.text if target else "").split(";") if t]
    named = project.value("AssemblyName")
    stem = posixpath.basename(path).rpartition(".")[0]
    references = project.attributes("PackageReference", "Include")
    frameworks = [value.text for value in project.attributes("FrameworkReference", "Include")]
    return Project(
        path=path,
        sdk=sdk,
        output=project.value("OutputType"),
        target=max(targets, key=series, default=""),
        target_path=target_path,
        target_line=target.line if target else 0,
        packages={value.text.lower(): value.line for value in references},
        assembly=named.text if named and "$(" not in named.text else stem,
        is_asp_net="Microsoft.AspNetCore.App" in frameworks,
        several_targets=len(targets) > 1,
        desktop=bool(re.search(_DESKTOP, project.text)),
    )


def series(target: str) -> tuple[int, ...]:
    found = re.match(r"net(?:coreapp)?(\d+)\.(\d+)", target)
    return (int(found.group(1)), int(found.group(2))) if found else (0,)


async def _inherited(root: Files, path: str) -> tuple[Value, str] | None:
    """From the shared properties of the project's folder or one above."""
    folder = posixpath.dirname(path)
    while True:
        for name in ("Directory.Build.props", "Directory.Packages.props", "Directory.Build.targets"):
            props = posixpath.normpath(f"{folder or '.'}/{name}")
            shared = await Markup.read(root, props)
            if target := shared.value("TargetFramework") or shared.value("TargetFrameworks"):
                return target, props
        if not folder:
            return None
        folder = posixpath.dirname(folder)


async def referenced_projects(root: Files, project: Project) -> list[str]:
    """The project files that it needs, itself first."""
    found = [project.path]
    for path in found:
        for reference in (await Markup.read(root, path)).attributes("ProjectReference", "Include"):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), reference.text.replace("\\", "/")))
            if target in root and target not in found:
                found.append(target)
    return found
