"""Go, Ruby, PHP, Java and Kotlin, Rust, Elixir, .NET, Hugo and Jekyll: a file each, from manifests to a plan."""

from devgem.stack.languages.dotnet import DotNet
from devgem.stack.languages.elixir import Elixir
from devgem.stack.languages.go import Go
from devgem.stack.languages.hugo import Hugo
from devgem.stack.languages.java import Java
from devgem.stack.languages.jekyll import Jekyll
from devgem.stack.languages.php import Php
from devgem.stack.languages.ruby import Ruby
from devgem.stack.languages.rust import Rust
from devgem.stack.provider import Provider

PROVIDERS: tuple[Provider, ...] = (Hugo(), Jekyll(), Ruby(), Php(), Elixir(), Java(), DotNet(), Rust(), Go())
"""The most specific first: a site has manifests of the language that its generator is written in."""
