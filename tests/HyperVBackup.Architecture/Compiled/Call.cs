using Mono.Cecil;

namespace HyperVBackup.Architecture.Compiled;

/// <summary>A use of a method, property or constructor in compiled code.</summary>
/// <param name="Target">What is called: <c>System.IO.File.Delete</c>; a constructor is
/// <c>System.Random.ctor</c>.</param>
/// <param name="Path">The source file from the repository's root, with '/'.</param>
internal sealed record Call(string Target, MethodReference Method, string Path, int Line)
{
    internal int ParameterCount => Method.Parameters.Count;

    internal string Place => FormattableString.Invariant($"{Path}:{Line}: {Target}");
}
