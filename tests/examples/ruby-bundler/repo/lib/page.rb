module Page
  def self.show(path) = "page #{path}"
end
