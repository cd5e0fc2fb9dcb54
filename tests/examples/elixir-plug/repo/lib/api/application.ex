defmodule Api.Application do
  use Application

  def start(_type, _args) do
    port = String.to_integer(System.get_env("PORT", "4001"))
    children = [{Plug.Cowboy, scheme: :http, plug: Api.Router, options: [port: port]}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
