// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The Foundry cheatcodes that the checks use
interface Vm {
    function assume(bool condition) external pure;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function prank(address sender) external;
    function roll(uint256 number) external;
    function store(address target, bytes32 slot, bytes32 value) external;
    function warp(uint256 timestamp) external;
}

/// @title The cheatcodes of halmos
interface Svm {
    /// Calldata of any function of a contract, with symbolic arguments.
    function createCalldata(string calldata contractName) external pure returns (bytes memory);
}

/// @dev Address of Foundry's cheatcodes.
Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
/// @dev Address of halmos's cheatcodes.
Svm constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
