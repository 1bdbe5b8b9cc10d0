# frozen_string_literal: true

module DBAPI
  # Writes Ruby values as an array of dbapi_value_t, followed by what they point at, into memory of its own.
  #
  # The structs are collected as words and one format for Array#pack. What a word points at comes after its struct;
  # its place becomes an address when the whole size is known.
  class Parameters
    LIMIT = 1 << 20 # memory beyond this is not kept for the next call

    def initialize
      @capacity = 0
      @words = []
      @format = +""
      @pointers = []
      @texts = []
      @later = []
      @text = String.new(encoding: Encoding::BINARY)
    end

    # The address of the values; with names, also that of an array of C strings.
    def write(values, names = nil)
      @size = 0
      values.each { |value| put(value) }
      write_later unless @later.empty?
      names_at = @size
      names&.each { |name| word_to_text(name) }
      base = load_memory
      [base, base + names_at]
    ensure
      clear
    end

    private

    def clear
      @size = 0
      [@words, @format, @pointers, @texts, @later, @text].each(&:clear)
    end

    def load_memory
      total = @size + @text.bytesize
      if @memory.nil? || total > @capacity || @capacity > LIMIT
        @capacity = [total, 1024].max
        @memory = Fiddle::Pointer.malloc(@capacity, Fiddle::RUBY_FREE)
      end
      base = @memory.to_i
      @pointers.each { |index| @words[index] += base }
      @texts.each { |index| @words[index] += base + @size }
      @memory[0, total] = @words.pack(@format) << @text
      base
    end

    def write_later
      while (index, block = @later.shift)
        @words[index] = @size
        @pointers << index
        block.call
      end
    end

    def value(kind, first = 0, second = 0, format = "lLqq")
      @words.push(kind, @oid || 0, first, second)
      @format << format
      @size += 24
    end

    # A value whose first word points at what the block writes.
    def pointing(kind, &block)
      @later << [@words.size + 2, block]
      value(kind)
    end

    def text(kind, string)
      bytes = string.b # a copy: another thread may change the string
      @texts << @words.size + 2
      value(kind, @text.bytesize, bytes.bytesize)
      @text << bytes
    end

    def word_to_text(name)
      name = Native.c_string(name.to_s)
      @texts << @words.size
      words("J", @text.bytesize)
      @text << name.b << "\0"
    end

    def words(format, *words)
      @words.concat(words)
      @format << format
      @size += 8 * words.size
    end

    def put(object)
      case object
      when Integer
        object.bit_length < 64 ? value(Kind::INT, object) : text(Kind::NUMERIC, object.to_s)
      when String then put_string(object)
      when nil then value(Kind::NULL)
      when Float then value(Kind::FLOAT, object, 0, "lLdq")
      when true then value(Kind::BOOL, 1)
      when false then value(Kind::BOOL, 0)
      when Symbol then put_string(object.name)
      when BigDecimal then text(Kind::NUMERIC, object.to_s("F"))
      when Rational then text(Kind::NUMERIC, decimal(object))
      when Timestamp then value(Kind::TIMESTAMP, microseconds(object.time + object.time.utc_offset))
      when Time then value(Kind::TIMESTAMPTZ, microseconds(object))
      when DateTime then value(Kind::TIMESTAMPTZ, microseconds(object.to_time))
      when Date then value(Kind::DATE, fit(object.jd - EPOCH, 64))
      when Date::Infinity then text(Kind::TEXT, object.infinite?.negative? ? "-infinity" : "infinity")
      when Array then put_array(object)
      when Hash then text(Kind::JSON, json(object))
      when Range then put_range(object.begin, object.end, true, !object.exclude_end?, false)
      else put_rare(object)
      end
    end

    def put_rare(object)
      case object
      when Interval
        days = fit(object.days, 32) & 0xffffffff
        value(Kind::INTERVAL, fit(object.microseconds, 64), fit(object.months, 32) << 32 | days)
      when TimeOfDay
        kind = object.utc_offset ? Kind::TIMETZ : Kind::TIME
        value(kind, fit(object.microseconds, 64), fit(object.utc_offset || 0, 32))
      when Bounds then put_range(*object.to_a)
      when IPAddr then put_address(object)
      when Typed
        @oid = object.oid
        raise DataError, "#{@oid.inspect} is no oid" unless @oid.is_a?(Integer) && @oid.between?(0, 0xffffffff)

        begin
          put(object.value)
        ensure
          @oid = nil
        end
      else raise TypeError, "a #{object.class} cannot be a parameter"
      end
    end

    # Array#pack would cut off what is too large.
    def fit(number, bits)
      raise TypeError, "#{number.inspect} is no Integer" unless number.is_a?(Integer)
      raise DataError, "#{number} is out of range" unless number.bit_length < bits

      number
    end

    def put_string(string)
      return text(Kind::BYTES, string) if string.encoding == Encoding::BINARY

      # Text that claims to be UTF-8 and is not is the library's to refuse.
      text(Kind::TEXT, string.encoding == Encoding::UTF_8 ? string : string.encode(Encoding::UTF_8))
    end

    def put_array(array)
      lengths = []
      items = Array.new(array)
      while items.first.is_a?(Array)
        lengths << items.size / lengths.inject(1, :*)
        raise DataError, "an array has at most 6 dimensions" if lengths.size == 6
        raise DataError, "the arrays within an array must be of the same length" unless same_length?(items)

        items = items.flatten(1)
      end
      lengths << items.size / [lengths.inject(1, :*), 1].max
      raise DataError, "an array holds both arrays and other values" if items.any?(Array)

      pointing(Kind::ARRAY) { array_struct(items, lengths) }
    end

    def same_length?(arrays)
      arrays.all? { |array| array.is_a?(Array) && array.size == arrays.first.size }
    end

    def array_struct(items, lengths)
      dimensions = items.empty? ? 0 : lengths.size
      start = @words.size
      @words.push(0, dimensions, 0, 0, items.size, 0)
      @format << "LlJJJJ"
      @size += 40
      return if items.empty?

      @later << [start + 5, -> { items.each { |item| put(item) } }]
      @later << [start + 2, -> { lengths_list(lengths) }] if dimensions > 1
    end

    def lengths_list(lengths)
      @words.concat(lengths)
      @format << "l#{lengths.size}"
      @size += 4 * lengths.size
      return unless lengths.size.odd?

      @format << "x4"
      @size += 4
    end

    def put_range(lower, upper, lower_inclusive, upper_inclusive, empty)
      flags = (empty ? 1 : 0) | (lower_inclusive && !lower.nil? ? 2 : 0) | (upper_inclusive && !upper.nil? ? 4 : 0)
      pointing(Kind::RANGE) do
        @words.push(0, flags)
        @format << "Ll"
        @size += 8
        [lower, upper].each { |bound| put(bound.is_a?(Float) ? BigDecimal(bound, 0) : bound) }
      end
    end

    def put_address(address)
      bytes = address.hton
      pointing(Kind::INET) do
        @words.push(address.ipv4? ? 4 : 6, address.prefix, bytes)
        @format << "CCa16x6"
        @size += 24
      end
    end

    def microseconds(time)
      number = time.to_i * 1_000_000 + time.usec
      # The ends of int64 stand for the infinities.
      raise DataError, "#{time} is out of a timestamp's range" if number.abs >= 2**63 - 1

      number
    end

    def json(hash)
      JSON.generate(hash)
    rescue JSON::GeneratorError, JSON::NestingError => e
      raise DataError, "this Hash is no JSON: #{e.message}"
    end

    # Rationals that decimal digits cannot write are not rounded behind one's back.
    def decimal(rational)
      rest = rational.denominator
      digits = 0
      [2, 5].each do |prime|
        count = 0
        (rest /= prime) && count += 1 while (rest % prime).zero?
        digits = [digits, count].max
      end
      raise DataError, "#{rational} has no exact decimal form: round it first" unless rest == 1

      scaled = (rational * 10**digits).to_i
      "#{scaled}e-#{digits}"
    end
  end
end
