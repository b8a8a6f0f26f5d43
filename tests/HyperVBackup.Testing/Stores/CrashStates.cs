namespace HyperVBackup.Testing.Stores;

/// <summary>
/// The states that a crash may leave of a recorded file system. A kill leaves all that was done. A power loss keeps
/// what was flushed, and of what was not, anything in any order: each new, renamed or deleted name or none of it, each
/// half of a rename by itself, each write whole, not at all, or torn: cut at a sector of 512 bytes or a page of 4 KiB,
/// its end without its beginning, its length without its bytes. Seeded: the same states in the same order each time.
/// </summary>
public sealed class CrashStates(RecordingFiles files, CrashBounds bounds, int seed)
{
    private const int SectorBytes = 512;
    private const int PageBytes = 4096;

    private readonly IReadOnlyList<FileOperation> operations = files.Operations;

    /// <summary>All states after the first <paramref name="operationCount"/> operations; some are equal.</summary>
    public IEnumerable<CrashState> After(int operationCount)
    {
        (RecordedState now, RecordedState durable) = files.StatesAt(operationCount);
        int number = 0;
        foreach ((string what, IReadOnlyList<PendingEffect>? kept) in Choices(operationCount))
        {
            RecordedState state = kept is null ? now : kept.Aggregate(durable, (made, one) => made.With(one));
            state = state.Reachable();
            string key = state.Key(bounds.IsNeverRead);
            yield return new CrashState(operationCount, number++, what, key, () => files.In(state));
        }
    }

    /// <summary>What is kept of what waits for a flush; null for all.</summary>
    private IEnumerable<(string What, IReadOnlyList<PendingEffect>? Kept)> Choices(int operationCount)
    {
        yield return ("a kill", null);
        List<PendingEffect[]> parts = PartsPending(operationCount);
        foreach (bool[] choice in Combinations(parts.Count, new Random((seed * 7919) + operationCount)))
        {
            List<PendingEffect> kept = [.. parts.Where((_, index) => choice[index]).SelectMany(part => part)];
            IEnumerable<PendingEffect> lost = parts.Where((_, index) => !choice[index]).SelectMany(part => part);
            yield return ($"a power loss without [{string.Join("; ", lost)}]", kept);
        }

        List<PendingEffect> all = [.. parts.SelectMany(part => part)];
        foreach (PendingEffect[] part in parts.Where(part => part[^1].Write is not null))
        {
            foreach ((string how, FileOperation torn) in Torn(part[^1].Write!))
            {
                yield return ($"a power loss, {part[^1]} {how}",
                    [.. all.Select(effect => effect == part[^1] ? effect with { Write = torn } : effect)]);
            }
        }
    }

    private List<PendingEffect[]> PartsPending(int operationCount)
    {
        List<PendingEffect> pending = [];
        for (int index = 0; index < operationCount; index++)
        {
            FileOperation operation = operations[index];
            pending.AddRange(PendingEffect.Of(operation));
            if (operation.Kind is FileOperationKind.FlushFile or FileOperationKind.FlushFolder)
            {
                object flushed = operation.Kind == FileOperationKind.FlushFile ? operation.File : operation.Path;
                pending.RemoveAll(effect => effect.FlushedWith.Equals(flushed));
            }
        }

        List<PendingEffect[]> parts = [];
        foreach (IGrouping<object, PendingEffect> group in pending.GroupBy(effect => effect.FlushedWith))
        {
            PendingEffect[] effects = [.. group];
            int older = Math.Max(0, effects.Length - bounds.LatestCount);
            parts.AddRange(older > 0 ? [effects[..older]] : []);
            parts.AddRange(effects[older..].Select(effect => (PendingEffect[])[effect]));
        }

        return [.. parts.OrderBy(part => pending.IndexOf(part[^1]))];
    }

    private IEnumerable<bool[]> Combinations(int count, Random random)
    {
        if (count <= bounds.CombinedCountMax)
        {
            return Enumerable.Range(0, 1 << count).Select(bits => Choose(count, index => (bits & (1 << index)) != 0));
        }

        IEnumerable<int> indexes = Enumerable.Range(0, count);
        return
        [
            .. Enumerable.Range(0, count + 1).Select(kept => Choose(count, index => index < kept)),
            .. indexes.Select(alone => Choose(count, index => index == alone)),
            .. indexes.Select(missing => Choose(count, index => index != missing)),
            .. Enumerable.Range(0, bounds.RandomCount).Select(_ => Choose(count, _ => random.Next(2) == 0)),
        ];
    }

    private static bool[] Choose(int count, Func<int, bool> isKept) =>
        [.. Enumerable.Range(0, count).Select(isKept)];

    private static IEnumerable<(string How, FileOperation Torn)> Torn(FileOperation write)
    {
        int length = write.Bytes.Length;
        foreach (int unit in (int[])[SectorBytes, PageBytes])
        {
            int cut = (int)((write.OffsetBytes + (length / 2) + unit - 1) / unit * unit - write.OffsetBytes);
            if (cut > 0 && cut < length)
            {
                yield return ($"cut after {cut}", write with { Bytes = write.Bytes[..cut] });
                yield return ($"without the first {cut}", write with
                {
                    OffsetBytes = write.OffsetBytes + cut,
                    Bytes = write.Bytes[cut..],
                });
            }
        }

        yield return ("as zeros", write with { Bytes = new byte[length] });
    }
}
