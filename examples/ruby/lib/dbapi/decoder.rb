# frozen_string_literal: true

module DBAPI
  # Makes rows of a block of dbapi_value_t: one String#unpack for the whole block, and then Ruby code that was made
  # for the kinds of this result's columns. A cell that is not of its column's kind (a NULL, mostly) is read by itself.
  class Decoder
    # What String#unpack reads of a cell besides its first word (kind and oid), how many words that gives, and the
    # value that comes of them.
    FAST = {
      Kind::BOOL => ["Cx15", 1, "%s != 0"],
      Kind::INT => ["qx8", 1, "%s"],
      Kind::FLOAT => ["dx8", 1, "%s"],
      Kind::TEXT => ["JJ", 2, "memory[%s - 1, %s].force_encoding(Encoding::UTF_8)"],
      Kind::BYTES => ["JJ", 2, "memory[%s - 1, %s]"],
      Kind::DATE => ["qx8", 1, "Values.date(%s)"],
      Kind::TIMESTAMP => ["qx8", 1, "Values.timestamp(%s)"],
      Kind::TIMESTAMPTZ => ["qx8", 1, "Values.timestamptz(%s)"],
      Kind::JSON => ["JJ", 2, "Values.json(%s, %s)"]
    }.freeze
    CACHED = 500
    private_constant :FAST, :CACHED

    @cache = {} # by kinds and oids

    # The decoder for what dbapi_description gave.
    def self.for(columns, count)
      types = Native::MEMORY[columns - 1, 48 * count].unpack("x8Qx32" * count)
      @cache[types] || begin
        @cache.clear if @cache.size >= CACHED
        @cache[types] = new(types)
      end
    end

    # types: for each column its oid, and its kind above that.
    def initialize(types)
      @stride = 24 * types.size
      @format = +""
      @formats = {}
      @width = 0
      # Made of numbers alone, which source turns into text.
      # rubocop:disable Security/Eval, Style/DocumentDynamicEvalDefinition
      @rows = eval("lambda { |words, address, count, memory| #{source(types)} }", binding, __FILE__, __LINE__)
      # rubocop:enable Security/Eval, Style/DocumentDynamicEvalDefinition
    end

    # An Array of rows, which are Arrays.
    def rows(address, count)
      return Array.new(count) { [] } if @stride.zero?

      memory = Native::MEMORY
      words = memory[address - 1, @stride * count].unpack(@formats[count] || remember(count))
      @rows.call(words, address, count, memory)
    end

    private

    # Blocks are mostly of one size, or of one row.
    def remember(count)
      @formats.clear if @formats.size > 8
      @formats[count] = @format * count
    end

    def source(types)
      cells = types.each_with_index.map { |type, index| cell(type, index) }
      <<~RUBY
        rows = []
        at = 0
        last = words.size
        while at < last
          rows << [#{cells.join(",\n")}]
          at += #{@width}
          address += #{@stride}
        end
        rows
      RUBY
    end

    def cell(type, index)
      kind = type >> 32
      oid = type & 0xffffffff
      format, width, value = FAST.fetch(kind, ["x16", 0, "Values.read(address + #{24 * index})"])
      first = @width
      @format << "Q" << format
      @width += 1 + width
      value = Kernel.format(value, *(1..width).map { |word| "words[at + #{first + word}]" })
      <<~RUBY.chomp
        (words[at + #{first}] == #{oid << 32 | kind} ? #{value} : Values.read(address + #{24 * index}))
      RUBY
    end
  end
end
