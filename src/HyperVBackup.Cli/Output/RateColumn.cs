using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace HyperVBackup.Cli.Output;

/// <summary>Bytes moved, or chunks found, per second since the work began: what was skipped costs nothing
/// and counts for nothing.
/// </summary>
internal sealed class RateColumn : ProgressColumn
{
    private const string BytesKey = "bytes";
    private const string ChunksKey = "chunks";

    protected override bool NoWrap => true;

    public static void Note(ProgressTask task, in Step step)
    {
        (long bytes, long chunks) = (step.Bytes, step.Chunks);
        task.State.Update<long>(BytesKey, _ => bytes);
        task.State.Update<long>(ChunksKey, _ => chunks);
    }

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        double seconds = task.ElapsedTime?.TotalSeconds ?? 0;
        long bytes = task.State.Get<long>(BytesKey);
        long chunks = task.State.Get<long>(ChunksKey);
        string rate = (bytes, chunks) switch
        {
            _ when seconds <= 0 => "",
            (> 0, _) => SizeText.Format((long)(bytes / seconds)) + "/s",
            (_, > 0) => string.Create(CultureInfo.InvariantCulture, $"{chunks / seconds:N0} chunks/s"),
            _ => "",
        };
        return new Text(rate).RightJustified();
    }
}
