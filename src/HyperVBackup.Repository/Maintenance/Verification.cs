using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>
/// Checks a repository against itself: both copies of settings, points and map packs with every record in them,
/// footers and page hashes of chunk packs, that recipes make their chunks, and that every chunk a point reaches has a
/// complete copy; with data, also every chunk record, decoded and hashed. What is noted as damaged, and still is,
/// counts as found whether it is its turn or not. It repairs nothing and needs no index. It reads under a lease that
/// names no point, as one who reads them all. Used once.
/// </summary>
public sealed class Verification
{
    private readonly SessionOpener opener;
    private readonly Func<Inspection, CancellationToken, Task<VerificationRun>> begin;
    private readonly Func<VerificationReport, CancellationToken, Task<VerificationReport>> note;
    private readonly Func<VerificationReport, CancellationToken, Task> keep;

    /// <param name="note">Makes the notes say what a report says.</param>
    /// <param name="keep">Adds to the notes what is wrong whatever was deleted meanwhile.</param>
    internal Verification(
        SessionOpener opener, Func<Inspection, CancellationToken, Task<VerificationRun>> begin,
        Func<VerificationReport, CancellationToken, Task<VerificationReport>> note,
        Func<VerificationReport, CancellationToken, Task> keep) =>
        (this.opener, this.begin, this.note, this.keep) = (opener, begin, note, keep);

    /// <exception cref="SessionFencedException">Collections went on so fast that it could not be told what is damaged:
    /// run again.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task<VerificationReport> RunAsync(
        IProgress<VerificationProgress> progress, CancellationToken token)
    {
        const int TryCountMax = 3;
        for (int tries = 1; ; tries++)
        {
            await using Inspection inspection = await opener.OpenInspectionAsync(token);
            VerificationRun run = await begin(inspection, token);
            bool isTold = false;
            try
            {
                VerificationReport report = await run.RunAsync(progress, token);
                if (report.Damage.Count == 0 || !await inspection.IsOvertakenAsync(token))
                {
                    VerificationReport told = await note(report, token);
                    isTold = true; // not before: a run that is stopped while it notes what it found has told nothing
                    return told;
                }

                await keep(report, token); // before the lease goes, for which a collector may be waiting
            }
            finally
            {
                await run.EndAsync(isTold);
            }

            if (tries == TryCountMax)
            {
                throw new SessionFencedException(
                    "Collections deleted what was being checked, again and again: run 'verify' again.");
            }
        }
    }
}
