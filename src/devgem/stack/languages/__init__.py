"""Go, Ruby, PHP, Java and Kotlin, Rust, Elixir, .NET, Hugo and Jekyll: a file each, from manifests to a plan."""

from devgem.stack.languages.go import Go
from devgem.stack.languages.hugo import Hugo
from devgem.stack.languages.jekyll import Jekyll
from devgem.stack.languages.php import Php
from devgem.stack.languages.ruby import Ruby
from devgem.stack.provider import Provider

PROVIDERS: tuple[Provider, ...] = (Hugo(), Jekyll(), Ruby(), Php(), Go())
