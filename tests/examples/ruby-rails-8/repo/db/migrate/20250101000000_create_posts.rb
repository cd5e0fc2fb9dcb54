class CreatePosts < ActiveRecord::Migration[8.0]
end
