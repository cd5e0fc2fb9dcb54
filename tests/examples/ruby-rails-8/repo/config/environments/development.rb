Rails.application.configure do
  config.x.tunnel = ENV.fetch("TUNNEL_HOST")
end
