using HyperVBackup.Format;

namespace HyperVBackup.Repository.Packs;

/// <summary>A pack's header or footer is not good.</summary>
internal sealed class PackDamagedException(string file, long offsetBytes, CorruptDataException complaint)
    : Exception(complaint.In(file, offsetBytes).Message, complaint)
{
    public long OffsetBytes => offsetBytes;

    /// <summary>What is wrong, without file and offset.</summary>
    public string What => complaint.Message;
}
