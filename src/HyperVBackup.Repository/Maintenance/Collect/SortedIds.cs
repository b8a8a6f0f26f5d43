using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect;

/// <summary>Puts sorted ids together without sorting them again. All are ascending, each once, before and after.
/// </summary>
internal static class SortedIds
{
    public static IEnumerable<Digest> Union(IEnumerable<Digest> ones, IEnumerable<Digest> others)
    {
        using IEnumerator<Digest> other = others.GetEnumerator();
        bool hasOther = other.MoveNext();
        foreach (Digest one in ones)
        {
            for (; hasOther && other.Current.CompareTo(one) < 0; hasOther = other.MoveNext())
            {
                yield return other.Current;
            }

            if (hasOther && other.Current == one)
            {
                hasOther = other.MoveNext();
            }

            yield return one;
        }

        for (; hasOther; hasOther = other.MoveNext())
        {
            yield return other.Current;
        }
    }

    public static IEnumerable<Digest> Except(IEnumerable<Digest> ones, IEnumerable<Digest> others)
    {
        using IEnumerator<Digest> other = others.GetEnumerator();
        bool hasOther = other.MoveNext();
        foreach (Digest one in ones)
        {
            while (hasOther && other.Current.CompareTo(one) < 0)
            {
                hasOther = other.MoveNext();
            }

            if (!hasOther || other.Current != one)
            {
                yield return one;
            }
        }
    }
}
