using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Operations.Proof;
using HyperVBackup.Operations.Restore;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary>Measures the points that <c>stats</c> is asked about, one after another.</summary>
/// <param name="sampleFolder">Where samples are restored; null predicts nothing.</param>
internal sealed class PointMeasurement(CommandContext context, BackupEngine engine, string? sampleFolder)
{
    /// <summary>The points that are meant.</summary>
    /// <param name="points">All there are, by VM and oldest first.</param>
    /// <param name="references">Some of them; the newest of each VM where it is empty.</param>
    /// <exception cref="RestorePointNotFoundException">One names none, or several.</exception>
    public static List<RestorePoint> Choose(List<RestorePoint> points, string[] references, bool isAll)
    {
        if (references.Length > 0)
        {
            return [.. references.Select(reference => PointSelector.Find(points, reference))];
        }

        return isAll
            ? points
            : [.. points.GroupBy(point => point.VmIdentity, StringComparer.OrdinalIgnoreCase).Select(vm => vm.Last())];
    }

    /// <param name="points">Which.</param>
    /// <param name="all">All there are.</param>
    public Task<List<PointFigures>> RunAsync(
        List<RestorePoint> points, List<RestorePoint> all, CancellationToken token) =>
        context.Live.RunAsync(async show =>
        {
            List<PointFigures> figures = [];
            foreach (RestorePoint point in points)
            {
                show(new Step("Measuring points", figures.Count, points.Count, 0));
                figures.Add(await MeasureAsync(point, all, show, token));
            }

            return figures;
        });

    private async Task<PointFigures> MeasureAsync(
        RestorePoint point, List<RestorePoint> all, Action<Step> show, CancellationToken token)
    {
        IReadOnlyList<DiskProof> proofs = [];
        Fragmentation? fragmentation = null;
        RestorePrediction? prediction = null;
        try
        {
            proofs = await engine.MeasureProofAsync(point, all, token);
            fragmentation = await engine.MeasureFragmentationAsync(point, token);
            prediction = sampleFolder is null
                ? null
                : await engine.PredictRestoreAsync(
                    point, sampleFolder,
                    progress: new Told<RestoreProgress>(at =>
                        show(new Step($"Sample of {point.Id}", at.DoneBytes, at.TotalBytes, at.WrittenBytes))),
                    token: token);
        }
        catch (Exception damage) when (damage is CorruptDataException or RepositoryException)
        {
            context.Live.Warn($"Restore point {point.Id} cannot be measured: {damage.Message}");
        }

        return new PointFigures(point, fragmentation, prediction, proofs);
    }
}
