namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>Sorts values and holds what comes out against what went in: what is deleted hangs on each bit of them, and
/// on their way through memory and scratch files nothing else would notice that one has changed. One thread at a time.
/// </summary>
/// <param name="sorter">Empty; goes over to this.</param>
internal sealed class WeighedSorter<T>(Sorter<T> sorter) : IDisposable
    where T : unmanaged, IComparable<T>, IWeighed
{
    /// <summary>Over all that was added.</summary>
    public WeighedSum Sum { get; private set; }

    /// <exception cref="IOException">The scratch file cannot be written.</exception>
    public void Add(in T value)
    {
        Sum = Sum.With(value);
        sorter.Add(value);
    }

    /// <summary>As <see cref="Sorter{T}.Read()"/>. Behind the last value it is known whether they were right.</summary>
    /// <exception cref="IOException">The scratch file cannot be read.</exception>
    /// <exception cref="MarksUnusableException">They are not what was added.</exception>
    public IEnumerable<T> Read()
    {
        WeighedSum found = default;
        foreach (T value in sorter.Read())
        {
            found = found.With(value);
            yield return value;
        }

        if (found != Sum)
        {
            throw new MarksUnusableException("What was sorted is not what was to be sorted.");
        }
    }

    public void Dispose() => sorter.Dispose();
}
