require "webrick"

server = WEBrick::HTTPServer.new(Port: Integer(ENV.fetch("PORT", 8000)))
server.mount_proc("/") { |_request, response| response.body = "hello from webrick" }
trap("TERM") { server.shutdown }
server.start
