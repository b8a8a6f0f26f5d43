using System.Buffers.Binary;
using System.Text;

namespace HyperVBackup.Blake3;

/// <summary>
/// One of the three modes of BLAKE3 with its key, and the hash in that mode: 32 bytes. The widest vectors of the CPU
/// are used. Immutable and thread-safe; hashing allocates nothing.
/// </summary>
public sealed class Blake3Mode
{
    /// <summary>Length of every hash, in bytes.</summary>
    public const int DigestSizeBytes = Definition.DigestSizeBytes;

    /// <summary>Length of the key of <see cref="Keyed"/>, in bytes.</summary>
    public const int KeySizeBytes = 32;

    private readonly uint[] keyWords;

    private Blake3Mode(uint[] keyWords, BlockFlags flags, InstructionSet instructionSet)
    {
        this.keyWords = keyWords;
        Flags = flags;
        InstructionSet = instructionSet;
    }

    /// <summary>The hash without a key.</summary>
    public static Blake3Mode Plain { get; } =
        new(Definition.InitialValue.ToArray(), BlockFlags.None, InstructionSupport.Best);

    internal ReadOnlySpan<uint> KeyWords => keyWords;

    internal BlockFlags Flags { get; }

    internal InstructionSet InstructionSet { get; }

    /// <summary>The hash under a secret key: without the key nobody can compute or foresee it.</summary>
    /// <exception cref="ArgumentException"><paramref name="key"/> is not 32 bytes long.</exception>
    public static Blake3Mode Keyed(ReadOnlySpan<byte> key) => FromKey(key, BlockFlags.KeyedHash);

    /// <summary>The hash in a context of its own: the hashes of two contexts have nothing in common.</summary>
    /// <param name="context">Any text that names the purpose; its UTF-8 bytes count.</param>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    public static Blake3Mode DeriveKey(string context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Blake3Mode contextMode = new(Plain.keyWords, BlockFlags.DeriveKeyContext, InstructionSupport.Best);
        Span<byte> contextKey = stackalloc byte[KeySizeBytes];
        contextMode.Hash(Encoding.UTF8.GetBytes(context), contextKey);
        return FromKey(contextKey, BlockFlags.DeriveKeyMaterial);
    }

    /// <summary>Hashes <paramref name="input"/>, which may be empty.</summary>
    /// <exception cref="ArgumentException"><paramref name="output"/> is not 32 bytes long.</exception>
    public void Hash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (output.Length != DigestSizeBytes)
        {
            throw new ArgumentException($"a hash is {DigestSizeBytes} bytes, not {output.Length}", nameof(output));
        }
        Tree.Hash(this, input, output);
    }

    /// <summary>
    /// Hashes equal-size inputs that stand side by side, each by itself, in order. Powers of two from 1 KiB and
    /// multiples of 64 bytes up to 1 KiB share the vectors between them, so that sixteen pages of 4 KiB take as long as
    /// 64 KiB.
    /// </summary>
    /// <param name="inputs">A whole number of inputs, or nothing.</param>
    /// <param name="inputSizeBytes">Length of one input, at least 1.</param>
    /// <param name="outputs">32 bytes for each input. Must not overlap <paramref name="inputs"/>.</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other, or the spans overlap.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="inputSizeBytes"/> is less than 1.</exception>
    public void HashMany(ReadOnlySpan<byte> inputs, int inputSizeBytes, Span<byte> outputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSizeBytes);
        (int count, int restBytes) = Math.DivRem(inputs.Length, inputSizeBytes);
        if (restBytes != 0)
        {
            throw new ArgumentException(
                $"{inputs.Length} bytes are no whole number of inputs of {inputSizeBytes}", nameof(inputs));
        }
        if (outputs.Length != (long)count * DigestSizeBytes)
        {
            throw new ArgumentException(
                $"{count} hashes need {(long)count * DigestSizeBytes} bytes, not {outputs.Length}", nameof(outputs));
        }
        if (inputs.Overlaps(outputs))
        {
            throw new ArgumentException("outputs overlap inputs", nameof(outputs));
        }
        SideBySide.Hash(this, inputs, inputSizeBytes, outputs);
    }

    /// <summary>Hashes short inputs of one size, which stand side by side, padded with zeros to whole blocks of 64
    /// bytes; the padding is not hashed.</summary>
    /// <param name="inputs">A whole number of padded inputs, or nothing.</param>
    /// <param name="inputSizeBytes">Length of one input without its padding, 1 byte to 1 KiB.</param>
    /// <param name="outputs">32 bytes for each input. Must not overlap <paramref name="inputs"/>.</param>
    /// <exception cref="ArgumentException">The lengths do not fit each other, the spans overlap, or the padding is not
    /// zeros.</exception>
    public void HashManyPadded(ReadOnlySpan<byte> inputs, int inputSizeBytes, Span<byte> outputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputSizeBytes, Definition.ChunkSizeBytes);
        int strideBytes = (inputSizeBytes + Definition.BlockSizeBytes - 1)
            / Definition.BlockSizeBytes * Definition.BlockSizeBytes;
        (int count, int restBytes) = Math.DivRem(inputs.Length, strideBytes);
        if (restBytes != 0 || outputs.Length != (long)count * DigestSizeBytes || inputs.Overlaps(outputs))
        {
            throw new ArgumentException(
                $"{inputs.Length} bytes of inputs and {outputs.Length} of hashes do not fit", nameof(inputs));
        }
        for (int end = strideBytes; end <= inputs.Length; end += strideBytes)
        {
            if (inputs[(end - strideBytes + inputSizeBytes)..end].ContainsAnyExcept((byte)0))
            {
                throw new ArgumentException("padding is not zeros", nameof(inputs));
            }
        }
        if (count > 0)
        {
            SideBySide.HashPadded(this, inputs, strideBytes, inputSizeBytes, outputs);
        }
    }

    /// <summary>The same mode and key, computed with one instruction set of those this machine supports.</summary>
    internal Blake3Mode With(InstructionSet set)
    {
        if (!InstructionSupport.IsSupported(set))
        {
            throw new ArgumentException($"this machine does not support {set}", nameof(set));
        }
        return new Blake3Mode(keyWords, Flags, set);
    }

    private static Blake3Mode FromKey(ReadOnlySpan<byte> key, BlockFlags flags)
    {
        if (key.Length != KeySizeBytes)
        {
            throw new ArgumentException($"a key is {KeySizeBytes} bytes, not {key.Length}", nameof(key));
        }
        uint[] keyWords = new uint[Definition.KeyWordCount];
        for (int i = 0; i < keyWords.Length; i++)
        {
            keyWords[i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(i * sizeof(uint))..]);
        }
        return new Blake3Mode(keyWords, flags, InstructionSupport.Best);
    }
}
