using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace HyperVBackup.Format.Codecs;

/// <summary>
/// Writes LZ4 blocks, as doc/lz4_Block_format.md of the LZ4 project (github.com/lz4/lz4) describes them. What it is
/// made for is the inner loop of a full backup, so it works on pointers. Why no access leaves the two buffers:
/// <list type="bullet">
/// <item>Every place in the plain bytes that is looked at while searching lies at least <see cref="SearchMarginBytes"/>
/// (less the two places that one turn of the search goes on) before their end. A place is read from 8 bytes before it,
/// where that many are, to 20 after it; literals are copied in steps of 32 bytes and end at such a place.</item>
/// <item>A candidate comes from the table, which holds only places before the one looked at, or 0.</item>
/// <item>Before a sequence is written, its greatest length is held against the room; the copy of its literals may
/// write up to 32 bytes more than it has, so the room ends <see cref="CopyMarginBytes"/> before the output.</item>
/// </list>
/// The format's end rules follow from the first: a match starts at least 12 bytes before the end, and the last 5 bytes
/// are literals. Thread-safe; allocates nothing.
/// </summary>
internal static unsafe class Lz4Encoder
{
    internal const int MatchLengthMinBytes = 4;
    internal const int DistanceMaxBytes = ushort.MaxValue;
    internal const int EndLiteralsMinBytes = 5;
    /// <summary>So that the table, 16 KiB for chunks of up to 64 KiB, stays in the first cache.</summary>
    private const int HashBits = 13;

    /// <summary>Five bytes of eight count: four find more matches that save nothing, six fewer that do.</summary>
    private const int HashIgnoredBits = 24;
    private const ulong HashFactor = 0x9E37_79B9_7F4A_7C15;
    private const int SearchMarginBytes = 40;
    private const int CopyMarginBytes = 48;
    private const int CopyStepBytes = 2 * StepBytes;
    private const int StepBytes = 16;

    /// <summary>After so many bytes without a match, as a power of two, the search skips one more each time.</summary>
    private const int SkipShift = 6;

    /// <summary>A length from here on continues in bytes of its own.</summary>
    private const int LengthInToken = 15;

    /// <summary>Compresses to one block of at most <paramref name="lengthMaxBytes"/>.</summary>
    /// <param name="output">The last 48 bytes serve as room to work in and are not filled with matches; must not
    /// overlap <paramref name="plain"/>.</param>
    /// <returns>The length of the block; 0 where it would be longer.</returns>
    [SkipLocalsInit]
    public static int Encode(ReadOnlySpan<byte> plain, Span<byte> output, int lengthMaxBytes)
    {
        lengthMaxBytes = Math.Min(lengthMaxBytes, output.Length);
        fixed (byte* source = plain, target = output)
        {
            int room = Math.Min(lengthMaxBytes, output.Length - CopyMarginBytes);
            if (plain.Length <= DistanceMaxBytes + 1)
            {
                ushort* near = stackalloc ushort[1 << HashBits];
                new Span<ushort>(near, 1 << HashBits).Clear();
                return Encode(source, plain.Length, target, room, lengthMaxBytes, near);
            }

            uint* far = stackalloc uint[1 << HashBits];
            new Span<uint>(far, 1 << HashBits).Clear();
            return Encode(source, plain.Length, target, room, lengthMaxBytes, far);
        }
    }

    /// <summary>Greedy: takes each match that is found, and looks for another where it ended before the search goes
    /// on. Optimized at once and without a profile: one made of the first chunks costs a fifth of the speed later.
    /// Nothing in it is called, the rare ways neither: across a call most of what it works with would have to lie in
    /// memory, which costs 3 %.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Encode<TPlace>(
        byte* plain, int plainLength, byte* output, int room, int lengthMaxBytes, TPlace* places)
        where TPlace : unmanaged, IBinaryInteger<TPlace>
    {
        unchecked
        {
            byte* target = output;
            nint literals = 0;
            nint searchEnd = plainLength - SearchMarginBytes;
            nint at = 1;
            while (FindMatch(plain, ref at, out nint match, literals, searchEnd, places))
            {
                nint start = at - CountEqualBefore(plain, at, match, at - literals);
                while (true)
                {
                    nint distance = at - match;
                    nint end = FindMatchEnd(plain, at + MatchLengthMinBytes, distance, plainLength);
                    target = WriteSequence(
                        target, output + room, plain + literals, start - literals, distance, end - start);
                    if (target is null)
                    {
                        return 0;
                    }

                    literals = start = at = end;
                    if (at > searchEnd)
                    {
                        break;
                    }

                    ulong around = Read8(plain + at - sizeof(ushort));
                    Exchange(places, SlotOf(around), at - sizeof(ushort));
                    match = Exchange(places, SlotOf(around >> 16), at);
                    if (!IsMatch<TPlace>(plain, at, match, around >> 16))
                    {
                        at++;
                        break;
                    }
                }
            }

            return WriteLast(target, output, lengthMaxBytes, plain + literals, plainLength - literals);
        }
    }

    /// <summary>Looks at three places a turn: one load has the five bytes of each. The first two are looked up
    /// together, so that neither waits for the other.</summary>
    /// <param name="at">Where to begin; then where the match begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool FindMatch<TPlace>(
        byte* plain, ref nint at, out nint match, nint literals, nint searchEnd, TPlace* places)
        where TPlace : unmanaged, IBinaryInteger<TPlace>
    {
        unchecked
        {
            nint place = at;
            for (; place <= searchEnd; place += 1 + ((place - literals) >> SkipShift))
            {
                ulong next = Read8(plain + place);
                nuint slot = SlotOf(next);
                nuint secondSlot = SlotOf(next >> 8);
                match = nint.CreateTruncating(places[slot]);
                nint second = nint.CreateTruncating(places[secondSlot]);
                places[slot] = TPlace.CreateTruncating(place);
                places[secondSlot] = TPlace.CreateTruncating(place + 1);
                if (IsMatch<TPlace>(plain, place, match, next))
                {
                    at = place;
                    return true;
                }

                match = second;
                if (IsMatch<TPlace>(plain, ++place, match, next >> 8))
                {
                    at = place;
                    return true;
                }

                match = Exchange(places, SlotOf(next >> 16), ++place);
                if (IsMatch<TPlace>(plain, place, match, next >> 16))
                {
                    at = place;
                    return true;
                }
            }

            match = 0;
            return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read8(byte* at) => Unsafe.ReadUnaligned<ulong>(at);

    /// <summary>Where the table notes the place of these bytes, of which five count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nuint SlotOf(ulong next) =>
        unchecked((nuint)(((next << HashIgnoredBits) * HashFactor) >> (64 - HashBits)));

    /// <summary>Notes a place.</summary>
    /// <returns>The place that was noted in this slot before; 0 where none was.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint Exchange<TPlace>(TPlace* places, nuint slot, nint at)
        where TPlace : unmanaged, IBinaryInteger<TPlace>
    {
        unchecked
        {
            nint before = nint.CreateTruncating(places[slot]);
            places[slot] = TPlace.CreateTruncating(at);
            return before;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsMatch<TPlace>(byte* plain, nint at, nint match, ulong next) =>
        Unsafe.ReadUnaligned<uint>(plain + match) == unchecked((uint)next)
        && (typeof(TPlace) == typeof(ushort) || at - match <= DistanceMaxBytes);

    /// <summary>How many literals before a match belong to it too; at most 8 are looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint CountEqualBefore(byte* plain, nint at, nint match, nint literalCount)
    {
        unchecked
        {
            if (match < sizeof(ulong))
            {
                return 0;
            }

            ulong difference = Read8(plain + at - sizeof(ulong)) ^ Read8(plain + match - sizeof(ulong));
            return Math.Min(BitOperations.LeadingZeroCount(difference) >> 3, literalCount);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint FindMatchEnd(byte* plain, nint at, nint distance, int plainLength)
    {
        unchecked
        {
            uint unequal = FindUnequal(plain + at, distance);
            return unequal != 0
                ? at + BitOperations.TrailingZeroCount(unequal)
                : FindFarMatchEnd(plain, at + StepBytes, distance, plainLength);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint FindFarMatchEnd(byte* plain, nint at, nint distance, int plainLength)
    {
        unchecked
        {
            nint last = plainLength - EndLiteralsMinBytes;
            for (; at <= last - StepBytes; at += StepBytes)
            {
                uint unequal = FindUnequal(plain + at, distance);
                if (unequal != 0)
                {
                    return at + BitOperations.TrailingZeroCount(unequal);
                }
            }

            while (at < last && plain[at] == plain[at - distance])
            {
                at++;
            }

            return at;
        }
    }

    /// <summary>Bit i is set where the i-th of 16 bytes differs from the one that far before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint FindUnequal(byte* at, nint distance) =>
        Vector128.Equals(Vector128.Load(at), Vector128.Load(unchecked(at - distance))).ExtractMostSignificantBits()
            ^ ushort.MaxValue;

    /// <summary>Writes a token, literals, a distance and the lengths' further bytes. Up to 32 literals and matches of
    /// up to 273 bytes take one path, for a wrongly predicted branch costs as much as writing a sequence.</summary>
    /// <returns>The end of what was written; null where there is no room.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteSequence(
        byte* target, byte* end, byte* literals, nint literalCount, nint distance, nint matchLength)
    {
        unchecked
        {
            const int OverheadMax = 8;
            int count = (int)literalCount;
            int length = (int)matchLength - MatchLengthMinBytes;
            if (target + count + ((count + length) >> 7) + OverheadMax > end)
            {
                return null;
            }

            *target++ = (byte)((Math.Min(count, LengthInToken) << 4) | Math.Min(length, LengthInToken));
            target = WriteRest(target, count - LengthInToken);
            CopyStep(target, literals);
            if (count > CopyStepBytes)
            {
                CopyFurther(target, literals, count);
            }

            target += count;
            Unsafe.WriteUnaligned(target, (ushort)distance);
            return WriteRest(target + sizeof(ushort), length - LengthInToken);
        }
    }

    /// <summary>Writes what a token does not hold of a length; nothing where <paramref name="rest"/> is negative.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteRest(byte* target, int rest)
    {
        unchecked
        {
            *target = (byte)rest;
            return rest < byte.MaxValue ? target + ((uint)~rest >> 31) : WriteLongRest(target, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteLongRest(byte* target, int rest)
    {
        unchecked
        {
            for (; rest >= byte.MaxValue; rest -= byte.MaxValue)
            {
                *target++ = byte.MaxValue;
            }

            *target++ = (byte)rest;
            return target;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyStep(byte* target, byte* literals)
    {
        unchecked
        {
            Vector128.Store(Vector128.Load(literals), target);
            Vector128.Store(Vector128.Load(literals + StepBytes), target + StepBytes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyFurther(byte* target, byte* literals, int count)
    {
        unchecked
        {
            for (int copied = CopyStepBytes; copied < count; copied += CopyStepBytes)
            {
                CopyStep(target + copied, literals + copied);
            }
        }
    }

    /// <summary>Writes the literals after the last match, and no byte more.</summary>
    private static int WriteLast(byte* target, byte* output, int lengthMaxBytes, byte* literals, nint literalCount)
    {
        unchecked
        {
            int count = (int)literalCount;
            int restLength = count < LengthInToken ? 0 : ((count - LengthInToken) / byte.MaxValue) + 1;
            long length = (target - output) + 1 + restLength + count;
            if (length > lengthMaxBytes)
            {
                return 0;
            }

            *target++ = (byte)(Math.Min(count, LengthInToken) << 4);
            target = restLength == 0 ? target : WriteLongRest(target, count - LengthInToken);
            new ReadOnlySpan<byte>(literals, count).CopyTo(new Span<byte>(target, count));
            return (int)length;
        }
    }
}
