defmodule Api.MixProject do
  use Mix.Project

  def project do
    [
      app: :api,
      version: "0.1.0",
      elixir: "~> 1.15",
      deps: deps()
    ]
  end

  def application do
    [mod: {Api.Application, []}, extra_applications: [:logger]]
  end

  defp deps do
    [
      {:plug_cowboy, "~> 2.7"}
    ]
  end
end
