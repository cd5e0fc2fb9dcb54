defmodule Poller.Application do
  use Application
end
