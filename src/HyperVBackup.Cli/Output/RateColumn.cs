using Spectre.Console;
using Spectre.Console.Rendering;

namespace HyperVBackup.Cli.Output;

/// <summary>Bytes moved per second since the work began: what was skipped costs nothing and counts for nothing.
/// </summary>
internal sealed class RateColumn : ProgressColumn
{
    private const string BytesKey = "bytes";

    protected override bool NoWrap => true;

    public static void Note(ProgressTask task, long bytes) => task.State.Update<long>(BytesKey, _ => bytes);

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        double seconds = task.ElapsedTime?.TotalSeconds ?? 0;
        long bytes = task.State.Get<long>(BytesKey);
        string rate = bytes == 0 || seconds <= 0 ? "" : SizeText.Format((long)(bytes / seconds)) + "/s";
        return new Text(rate).RightJustified();
    }
}
