# frozen_string_literal: true

require_relative "helper"

# README's Ruby runs as it is written there, and the gem can be built.
class TestReadme < DatabaseTest
  ROOT = File.expand_path("..", __dir__)

  def test_the_session
    code = File.read(File.join(ROOT, "README.md"))[/^```ruby\n(.*?)^```/m, 1].sub("dbname=test", "")
    output = IO.popen([RbConfig.ruby, "-w", "-I", File.join(ROOT, "lib"), "-e", code], err: %i[child out], &:read)
    assert_equal <<~TEXT, output
      [1, 100, "abc'def"]
      {"id"=>1, "num"=>100, "data"=>"abc'def"}
      [2, 4, 6]
    TEXT
    assert_predicate $?, :success?
  end

  def test_the_gem
    spec = Gem::Specification.load(File.join(ROOT, "dbapi.gemspec"))
    assert_equal ["dbapi", DBAPI::VERSION], [spec.name, spec.version.to_s]
    assert_includes spec.files, "lib/dbapi.rb"
    assert_equal Dir[File.join(ROOT, "lib/dbapi/*.rb")].size + 2, spec.files.size
  end
end
