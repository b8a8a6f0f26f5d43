namespace HyperVBackup.ProtocolModel.Tests.Model;

/// <summary>What a collector proposes in C3. Every choice is safe; they differ in cost, and in what is found.</summary>
internal enum Proposal
{
    /// <summary>All marked points, and all packs that can go together; of several copies either the newest or the
    /// oldest stays.</summary>
    Needless,

    /// <summary>The same, but never a pack of an undecided session: safe, yet what crashed sessions left stays.
    /// </summary>
    NeedlessAndDecided,

    /// <summary>The same, but where that leaves nothing to propose, packs of undecided sessions too.</summary>
    DecidedFirst,

    /// <summary>Any packs and any marked points, even such packs as are needed.</summary>
    Anything,
}
