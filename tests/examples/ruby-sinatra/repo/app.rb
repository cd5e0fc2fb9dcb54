require "sinatra/base"

class App < Sinatra::Base
  get("/") { ENV.fetch("MESSAGE") }
end
