# SPDX-License-Identifier: Apache-2.0
# What a program does with files, on the root that npm_test.py composes: two layers.
def check(what, got, wanted)
  raise "#{what} is #{got.inspect}, wanted #{wanted.inspect}" unless got == wanted
end

check "a file of the lower layer", File.read("/site/lower.txt"), "lower\n"
check "a file of the upper layer", File.read("/site/upper.txt"), "upper\n"
check "the list", Dir.children("/site").sort, %w[lower.txt many upper.txt]
check "a glob", Dir.glob("/site/many/*.txt").size, 200
check "a glob below", Dir.glob("/site/**/f01?.txt").sort.map { |path| File.basename(path) },
      (10..19).map { |number| format("f%03d.txt", number) }

File.write("/site/new.txt", "new")
File.open("/site/new.txt", "a") { |file| file << "er" }
check "what was written", File.read("/site/new.txt"), "newer"
File.write("/site/lower.txt", "changed")
check "a file that was copied up", File.read("/site/lower.txt"), "changed"
File.rename("/site/new.txt", "/site/many/moved.txt")
check "a renamed file", [File.exist?("/site/new.txt"), File.read("/site/many/moved.txt")], [false, "newer"]
File.rename("/site/many", "/site/all")
check "a renamed directory", Dir.glob("/site/all/*.txt").size, 201
File.delete("/site/upper.txt")
check "a deleted file", File.exist?("/site/upper.txt"), false
File.symlink("lower.txt", "/site/link")
check "a link", [File.readlink("/site/link"), File.read("/site/link")], %w[lower.txt changed]
File.truncate("/site/lower.txt", 3)
check "a shorter file", File.size("/site/lower.txt"), 3
Dir.mkdir("/site/dir")
begin
  Dir.mkdir("/site/dir")
  raise "a directory was made twice"
rescue Errno::EEXIST
  Dir.rmdir("/site/dir")
end
begin
  File.read("/site/none")
  raise "a file was read that is not there"
rescue Errno::ENOENT
  puts "ruby #{RUBY_VERSION}: all checked"
  $stdout.flush
end
