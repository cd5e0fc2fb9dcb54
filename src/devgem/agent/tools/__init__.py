"""The agent's typed tools: one registry for the model, the offline planner and MCP."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from devgem.agent.tools import apps, config_vars, deployments, files, guide, health, logs, repositories, workspace
from devgem.agent.tools.tool import AppArguments, Arguments, Context, Tier, Tool, ToolResult, digest, told

__all__ = ["TOOLS", "AppArguments", "Arguments", "Context", "Tier", "Tool", "ToolResult", "digest", "told"]

_MODULES = (apps, deployments, health, logs, repositories, config_vars, files, workspace, guide)

TOOLS: Mapping[str, Tool[Any]] = MappingProxyType({tool.name: tool for module in _MODULES for tool in module.TOOLS})
