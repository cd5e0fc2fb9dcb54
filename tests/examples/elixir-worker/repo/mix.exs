defmodule Poller.MixProject do
  use Mix.Project

  def project do
    [
      app: :poller,
      version: "0.1.0",
      elixir: "~> 1.15",
      deps: deps()
    ]
  end

  def application do
    [mod: {Poller.Application, []}, extra_applications: [:logger]]
  end

  defp deps do
    [
      {:req, "~> 0.5"}
    ]
  end
end
