using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Repository.Maps;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Is told what restore points are made of; see <see cref="PointWalks"/>.</summary>
internal interface IPointVisitor : IMapVisitor
{
    /// <summary>The point whose maps are walked now.</summary>
    SessionId Point { get; set; }

    /// <summary>A list, or a part of one, that the point needs.</summary>
    void Need(RecordPlace place);
}
