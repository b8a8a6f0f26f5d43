namespace HyperVBackup.Testing.Tools;

/// <summary>A program that a test needs is missing, failed, or took too long.</summary>
public sealed class ToolException(string message, Exception? inner = null) : Exception(message, inner);
